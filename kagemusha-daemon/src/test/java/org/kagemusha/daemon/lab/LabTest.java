package org.kagemusha.daemon.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The laboratory itself, each subject for a second; says nothing about speed. */
class LabTest {

  @Test
  @Tag("netns")
  void everySubjectCarriesTraffic() throws Exception {
    List<SubjectName> there =
        SubjectName.SHORT.stream()
            .filter(one -> one.kind().tools().stream().allMatch(Tool::exists))
            .toList();
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    Lab lab =
        new Lab(
            LabOptions.brief(there, new DaemonSettings(List.of(), List.of())),
            new PrintStream(said, true, StandardCharsets.UTF_8));

    List<Figures> figures = lab.run();

    assertEquals(List.of(), lab.remarks());
    assertEquals(there, figures.stream().map(Figures::subject).toList());
    for (Figures one : figures) {
      for (Measure measure :
          List.of(Measure.TCP_UP, Measure.TCP_DOWN, Measure.UDP_UP, Measure.PING_AVERAGE)) {
        assertTrue(one.median(measure) > 0, one.subject() + " " + measure);
      }
      assertTrue(said.toString(StandardCharsets.UTF_8).contains("\n" + one.subject() + " "));
    }
  }

  @Test
  void theWorseDirectionCounts() {
    Figures ours = new Figures(SubjectName.parse("clear"), 1500);
    Figures kernels = new Figures(SubjectName.parse("seg6"), 1500);
    for (double gbps : new double[] {8, 1, 6}) {
      ours.add(Measure.TCP_UP, gbps);
      ours.add(Measure.TCP_DOWN, 3);
      kernels.add(Measure.TCP_UP, 3);
      kernels.add(Measure.TCP_DOWN, 4);
    }
    Bar bar = Bar.all(1).get(0);

    double ratio = bar.ratio(List.of(ours, kernels));

    assertEquals(6, ours.median(Measure.TCP_UP));
    assertEquals(0.75, ratio);
    assertEquals("NOT MET", bar.verdict(ratio));
    assertEquals("met", bar.verdict(1));
    assertEquals("not measured", bar.verdict(bar.ratio(List.of(ours))));
  }
}
