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
