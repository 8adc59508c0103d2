import type { Database } from 'lmdb';

/** The frames of one partition as the store's tree holds them, in memory; counts reads. */
export class FrameTree {
  readonly frames = new Map<number, Buffer>();
  reads = 0;

  get database(): Database<Buffer, number> {
    return this as unknown as Database<Buffer, number>;
  }

  getBinary(base: number): Buffer | undefined {
    this.reads += 1;
    return this.frames.get(base);
  }

  getKeys({ start, reverse = false, limit }: { start?: number; reverse?: boolean; limit?: number }): number[] {
    const keys = [...this.frames.keys()].sort((a, b) => (reverse ? b - a : a - b));
    return keys.filter((key) => start === undefined || (reverse ? key <= start : key >= start)).slice(0, limit);
  }

  remove(base: number): void {
    this.frames.delete(base);
  }

  getStats(): Record<string, number> {
    return { pageSize: 4_096, treeBranchPageCount: 1, treeLeafPageCount: 20, overflowPages: 300 };
  }
}
