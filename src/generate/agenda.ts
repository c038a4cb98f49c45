interface Appointment {
  atMs: number;
  /** What was put down first of one moment comes first. */
  place: number;
  act: (at: Date) => void;
}

/** What is still to happen to an affiliate, in the order of time: a binary heap, since acts put down further ones. */
export class Agenda {
  private readonly heap: Appointment[] = [];
  private places = 0;

  add(at: Date, act: (at: Date) => void): void {
    const { heap } = this;
    heap.push({ atMs: at.getTime(), place: this.places++, act });
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.isBefore(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  /** Lets everything happen that falls before `end`, also what is put down meanwhile. */
  run(end: Date): void {
    for (let next = this.heap[0]; next && next.atMs < end.getTime(); next = this.heap[0]) {
      this.removeFirst();
      next.act(new Date(next.atMs));
    }
  }

  private removeFirst(): void {
    const { heap } = this;
    this.swap(0, heap.length - 1);
    heap.pop();
    for (let parent = 0; ;) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && this.isBefore(child, first)) first = child;
      }
      if (first === parent) return;
      this.swap(first, parent);
      parent = first;
    }
  }

  private isBefore(one: number, other: number): boolean {
    const [a, b] = [this.at(one), this.at(other)];
    return a.atMs === b.atMs ? a.place < b.place : a.atMs < b.atMs;
  }

  private swap(one: number, other: number): void {
    const [a, b] = [this.at(one), this.at(other)];
    this.heap[one] = b;
    this.heap[other] = a;
  }

  private at(index: number): Appointment {
    const appointment = this.heap[index];
    if (!appointment) throw new Error('the agenda has no such place');
    return appointment;
  }
}
