/** A page has the bits of 65,536 ids, in 8 KiB. Ids are mostly close together, so that a sensor takes a byte or two, and the CPU's caches hold nearly all pages. */
const PAGE_BYTES = 8_192;
const PAGES = 2 ** 15;
/** 32 MB: a stranger may send ids from anywhere. */
const PAGES_MAX = 4_096;

/** A set of sensors, a bit for each. */
export class SensorSet {
  readonly #pagesMax: number;
  /** For each page of all ids, the page of `bits` that has it; 0, a page that is always empty: none. */
  readonly #pageOf = new Uint16Array(PAGES);
  #pages = 0;
  #bits = new Uint8Array(2 * PAGE_BYTES);

  constructor(pagesMax = PAGES_MAX) {
    this.#pagesMax = pagesMax;
  }

  /** Called for every reading: short, and with numbers instead of named constants, so that the engine inlines it. */
  has(sensor: number): boolean {
    return (
      (((this.#bits[((this.#pageOf[sensor >>> 16] as number) << 13) | ((sensor >>> 3) & 0x1fff)] as number) >>> (sensor & 7)) & 1) === 1
    );
  }

  /** Returns false if there is no room for the sensor's page. */
  add(sensor: number): boolean {
    if (this.#pageOf[sensor >>> 16] === 0 && !this.#open(sensor >>> 16)) return false;
    const place = this.#placeOf(sensor);
    this.#bits[place] = (this.#bits[place] as number) | (1 << (sensor & 7));
    return true;
  }

  delete(sensor: number): void {
    const place = this.#placeOf(sensor);
    this.#bits[place] = (this.#bits[place] as number) & ~(1 << (sensor & 7));
  }

  #placeOf(sensor: number): number {
    return (this.#pageOf[sensor >>> 16] as number) * PAGE_BYTES + ((sensor >>> 3) % PAGE_BYTES);
  }

  #open(page: number): boolean {
    if (this.#pages >= this.#pagesMax) return false;
    this.#pages += 1;
    this.#pageOf[page] = this.#pages;
    if ((this.#pages + 1) * PAGE_BYTES <= this.#bits.length) return true;
    const bits = new Uint8Array(2 * this.#bits.length);
    bits.set(this.#bits);
    this.#bits = bits;
    return true;
  }
}
