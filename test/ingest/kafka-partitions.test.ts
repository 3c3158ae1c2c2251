import type { Admin } from "kafkajs";
import { expect, it } from "vitest";
import { createPartitions } from "../../src/ingest/kafka-partitions.ts";
import { silentLog } from "../../src/log.ts";

/** A broker whose answers are given in the order a test says. */
function broker(low: number) {
  const waiting: (() => void)[] = [];
  let committed = "-1";
  const admin = {
    fetchOffsets: async () => {
      const answer = [{ topic: "t", partitions: [{ partition: 0, offset: committed, metadata: null }] }];
      await new Promise<void>((resolve) => waiting.push(resolve));
      return answer;
    },
    fetchTopicOffsets: async () => [{ partition: 0, offset: "40", high: "40", low: String(low) }],
  } as Partial<Admin> as Admin;
  const partitions = createPartitions({ admin, group: "g", log: silentLog });
  return {
    partitions,
    commit: (offset: string) => (committed = offset),
    /** Lets the question answer that was asked so many before the last. */
    answer: (back = 0) => waiting.splice(waiting.length - 1 - back, 1)[0]?.(),
  };
}

it("counts what was deleted though the group is joined twice before anything is read, whichever answer comes first", async () => {
  for (const order of [
    [0, 0],
    [1, 0],
  ]) {
    const { partitions, commit, answer } = broker(27);
    commit("10");
    const read = partitions.readCommitted(["t"]);
    answer();
    await read;
    const first = partitions.assign({ t: [0] });
    // kafkajs finds offset 10 gone, and commits where the log begins.
    commit("27");
    const second = partitions.assign({ t: [0] });
    for (const back of order) answer(back);
    await Promise.all([first, second]);
    const state = partitions.get("t", 0);
    if (!state) throw new Error("There is no such partition.");
    await partitions.countGap(state, 27n);
    expect(partitions.gaps()).toEqual({ gaps: 1, lost: 17 });
  }
});

it("takes a partition that others read meanwhile from where they left it", async () => {
  const { partitions, commit, answer } = broker(27);
  commit("10");
  const read = partitions.readCommitted(["t"]);
  answer();
  await read;
  await partitions.assign({});
  commit("30");
  const assigned = partitions.assign({ t: [0] });
  answer();
  await assigned;
  const state = partitions.get("t", 0);
  if (!state) throw new Error("There is no such partition.");
  await partitions.countGap(state, 30n);
  expect(partitions.gaps()).toEqual({ gaps: 0, lost: 0 });
});
