/** Lets the next call of the method wait before it does anything; later ones go through. */
export function standStill<Name extends string>(
  service: Record<Name, (...args: never[]) => Promise<unknown>>,
  name: Name,
): { arrived: Promise<void>; letGo(): void } {
  const original = service[name];
  let letGo = (): void => undefined;
  const until = new Promise<void>((resolve) => (letGo = resolve));
  const arrived = new Promise<void>((resolve) => {
    service[name] = async (...args) => {
      service[name] = original;
      resolve();
      await until;
      return original.apply(service, args);
    };
  });
  return { arrived, letGo };
}

/** Runs `meanwhile` once the next call of the method is done, in the transaction it was made in: as the last thing, where it is. */
export function afterNext<Name extends string, T>(
  service: Record<Name, (tx: NoInfer<T>, ...rest: never[]) => Promise<unknown>>,
  name: Name,
  meanwhile: (tx: T) => Promise<void>,
): void {
  const original = service[name];
  service[name] = async (tx, ...rest) => {
    service[name] = original;
    const answer = await original.call(service, tx, ...rest);
    await meanwhile(tx);
    return answer;
  };
}
