/** Lets in as many bytes of messages as may be in hand at once; who comes with more waits. */
export type Admission = {
  /** Resolves once there is room, in order of arrival. A call larger than the bound enters alone. */
  enter(bytes: number): Promise<void>;
  /** With nothing in hand there is nothing to wait for. */
  enterEmptyHanded(): void;
  leave(bytes: number): void;
  /** Resolves once nobody is inside, or waits to be. */
  allLeft(): Promise<void>;
};

export function createAdmission(bytesInHand: number): Admission {
  let inHand = 0;
  let calls = 0;
  const atTheDoor: { readonly bytes: number; readonly enter: () => void }[] = [];
  const leaving: (() => void)[] = [];

  const fits = (bytes: number): boolean => inHand === 0 || inHand + bytes <= bytesInHand;

  async function enter(bytes: number): Promise<void> {
    calls++;
    if (atTheDoor.length > 0 || !fits(bytes)) await new Promise<void>((enterNow) => atTheDoor.push({ bytes, enter: enterNow }));
    else inHand += bytes;
  }

  function leave(bytes: number): void {
    inHand -= bytes;
    calls--;
    for (let next = atTheDoor[0]; next && fits(next.bytes); next = atTheDoor[0]) {
      atTheDoor.shift();
      // Counted here, not by who wakes up later: a newcomer must not take the room meanwhile.
      inHand += next.bytes;
      next.enter();
    }
    if (calls === 0) for (const resolve of leaving.splice(0)) resolve();
  }

  async function allLeft(): Promise<void> {
    if (calls > 0) await new Promise<void>((resolve) => leaving.push(resolve));
  }

  return { enter, enterEmptyHanded: () => void calls++, leave, allLeft };
}
