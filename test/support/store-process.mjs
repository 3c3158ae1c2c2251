// A process of its own that opens the built embedded store, as a second daemon or one that is killed would.
//   open DIRECTORY         says how opening went, closes and ends
//   hold DIRECTORY         stays, with the store open, until told to end
//   insert DIRECTORY FROM  inserts batches without end, and names each batch once the store has it
import { openStore } from "../../dist/store/open.js";

const [what, path, from] = process.argv.slice(2);
const BATCH = 500;

try {
  const store = await openStore({ kind: "embedded", path });
  process.send({ opened: true });
  if (what === "open") {
    await store.close();
    process.disconnect();
  }
  if (what === "hold") process.on("disconnect", () => process.exit(0));
  for (let batch = Number(from); what === "insert"; batch += 1) {
    // Two months, so that a batch is two parts.
    const rows = Array.from({ length: BATCH }, (_, index) => ({
      received_at: Date.UTC(2024, index % 2, 1),
      source: "kill",
      topic: "t",
      partition: batch,
      offset: `${index}`,
      reason: "r",
      message: "",
      payload: "x",
      payload_bytes: 1,
    }));
    await store.insert("dead_letters", rows);
    process.send({ inserted: batch });
  }
} catch (error) {
  process.send({ opened: false, name: error.name, message: error.message, hint: error.hint, retryable: error.retryable });
  process.disconnect();
}
