import { openStore } from "../../src/store/open.ts";
import { describeStore } from "../contract/store.ts";
import { startClickHouse } from "../support/clickhouse-front.ts";
import { scratchDirectory } from "../support/scratch.ts";

describeStore("the embedded store", async () => {
  const store = await openStore({ kind: "embedded", path: scratchDirectory() });
  return { store, stop: () => store.close() };
});

describeStore("a store on a server", async () => {
  const server = await startClickHouse();
  const store = await openStore(server.settings);
  return {
    store,
    async stop() {
      await store.close();
      await server.stop();
    },
  };
});
