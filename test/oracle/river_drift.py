"""What river's detectors say to the streams of bench/concept-drift.ts, which calls this.

    python test/oracle/river_drift.py FILE ROWS WIDTH

Needs river and numpy. FILE holds streams of ROWS values, WIDTH bytes each (1: errors as 0 and 1, 8: doubles). Prints,
as JSON, for every detector with its defaults: the rows at which it alarmed in each stream, and the time of a row. HDDM_A is
so slow that it gets the first 20 streams only. What asks for errors gets no doubles.
"""

import json
import sys
import time

import numpy as np
import river
from river import drift


def main():
    file, rows, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    streams = np.fromfile(file, dtype=np.uint8 if width == 1 else np.float64).reshape(-1, rows)
    detectors = {"ADWIN": drift.ADWIN, "PageHinkley": drift.PageHinkley}
    if width == 1:
        detectors |= {"DDM": drift.binary.DDM, "HDDM_A": drift.binary.HDDMA}
    answer = {}
    for name, make in detectors.items():
        chosen = streams[:20] if name == "HDDM_A" else streams
        alarms = []
        started = time.process_time()
        for stream in chosen:
            detector = make()
            found = []
            for row, value in enumerate(stream.tolist()):
                detector.update(value)
                if detector.drift_detected:
                    found.append(row)
            alarms.append(found)
        microseconds = (time.process_time() - started) / chosen.size * 1e6
        answer[name] = {"alarms": alarms, "microseconds": microseconds}
    print(json.dumps({"version": river.__version__, "detectors": answer}))


if __name__ == "__main__":
    main()
