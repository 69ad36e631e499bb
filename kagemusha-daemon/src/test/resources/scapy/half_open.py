"""Holds many TLS connections open that never get anywhere: a third says nothing, a third sends half a
ClientHello, a third a whole one and then nothing. Opens another for each that is closed. Arguments:
address, port, how many. Tells when all are open, and at the end how many there were."""
import errno
import json
import selectors
import socket
import ssl
import sys
import threading

address, port, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def first_words(number):
    words = hello()
    return [b"", words[:len(words) // 2], words][number % 3]


def connect(number):
    one = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    one.setblocking(False)
    result = one.connect_ex((address, port))
    if result not in (0, errno.EINPROGRESS):
        one.close()
        return
    selector.register(one, selectors.EVENT_WRITE, first_words(number))


selector = selectors.DefaultSelector()
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
opened = 0
told = False
while not ended.is_set():
    while len(selector.get_map()) < most:
        connect(opened)
        opened += 1
    if not told:
        told = True
        print(json.dumps({"event": "ready"}), flush=True)
    for key, events in selector.select(0.05):
        try:
            if events & selectors.EVENT_WRITE:
                if key.data:
                    key.fileobj.send(key.data)
                selector.modify(key.fileobj, selectors.EVENT_READ)
            elif not key.fileobj.recv(65536):
                raise ConnectionError
        except OSError:
            selector.unregister(key.fileobj)
            key.fileobj.close()
print(json.dumps({"event": "end", "opened": opened}), flush=True)
