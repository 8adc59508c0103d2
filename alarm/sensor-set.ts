/** Ids of one page; each page takes 8 KiB. Ids are mostly close together, so that a sensor takes a byte or two, and nearly all lie in the processor's caches. */
const PAGE_BITS = 16;
const PAGE_BYTES = 2 ** (PAGE_BITS - 3);
const PAGES = 2 ** (31 - PAGE_BITS);
/** 32 MB: ids of strangers may lie anywhere. */
export const PAGES_MAX = 4_096;

/** A set of sensors, a bit for each. */
export class SensorSet {
  readonly #pagesMax: number;
  /** Which page of `bits` has the ids of a page, from 1; 0: none has. */
  readonly #pageOf = new Uint16Array(PAGES);
  #pages = 0;
  #bits = new Uint8Array(PAGE_BYTES);

  constructor(pagesMax = PAGES_MAX) {
    this.#pagesMax = pagesMax;
  }

  has(sensor: number): boolean {
    const page = this.#pageOf[sensor >>> PAGE_BITS] as number;
    return page !== 0 && ((this.#bits[placeOf(page, sensor)] as number) & (1 << (sensor & 7))) !== 0;
  }

  /** False: there is no room for the page of that sensor. */
  add(sensor: number): boolean {
    let page = this.#pageOf[sensor >>> PAGE_BITS] as number;
    if (page === 0) {
      if (this.#pages >= this.#pagesMax) return false;
      page = ++this.#pages;
      this.#pageOf[sensor >>> PAGE_BITS] = page;
      if (page * PAGE_BYTES > this.#bits.length) this.#grow();
    }
    const place = placeOf(page, sensor);
    this.#bits[place] = (this.#bits[place] as number) | (1 << (sensor & 7));
    return true;
  }

  delete(sensor: number): void {
    const page = this.#pageOf[sensor >>> PAGE_BITS] as number;
    if (page === 0) return;
    const place = placeOf(page, sensor);
    this.#bits[place] = (this.#bits[place] as number) & ~(1 << (sensor & 7));
  }

  #grow(): void {
    const bits = new Uint8Array(2 * this.#bits.length);
    bits.set(this.#bits);
    this.#bits = bits;
  }
}

function placeOf(page: number, sensor: number): number {
  return (page - 1) * PAGE_BYTES + ((sensor & (2 ** PAGE_BITS - 1)) >>> 3);
}
