import { StoreError, type Store } from "./store.ts";

/**
 * The same store until `isOver`: from then on every call is refused. What is made of many statements, each of which may be
 * its last, so ends after the one in hand.
 */
export function storeUntil(store: Store, isOver: () => boolean): Store {
  const checked =
    <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      if (isOver()) throw new StoreError("The program is ending.", { hint: "Start it again: it goes on where it was.", retryable: false });
      return call(...args);
    };
  return {
    ...store,
    query: <Row>(...args: Parameters<Store["query"]>) => checked((...same: typeof args) => store.query<Row>(...same))(...args),
    execute: checked(store.execute.bind(store)),
    insert: checked(store.insert.bind(store)),
    insertNative: checked(store.insertNative.bind(store)),
  };
}
