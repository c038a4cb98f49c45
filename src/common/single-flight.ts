/** Work that this process does once at a time: who asks for it while it is under way joins it. */
export class SingleFlight {
  private current: Promise<void> | null = null;

  /** Begins the work unless it is under way, and ends as that ends. */
  join(work: () => Promise<void>): Promise<void> {
    this.current ??= work().finally(() => {
      this.current = null;
    });
    return this.current;
  }

  /** Ends when nothing is under way: for whoever stops. */
  async ended(): Promise<void> {
    await this.current;
  }
}
