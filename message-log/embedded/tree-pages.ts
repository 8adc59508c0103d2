/**
 * Checks all pages of a tree the way lmdb will read them: each is what its parent expects, its rows lie within it and in order, no page is used twice or
 * also listed as free, and the counts match the root. Takes one read per page; of a large value's pages only the header is read.
 */
import { isDatabaseName, misnumbered, nameBefore, nameIn, shapeOf } from './database-names.ts';
import { FLAGS_AT, type Head, numberAt, PAGE_HEADER_BYTES, ROOT_BYTES, type Root, rootOf, type TreeFile } from './tree-file.ts';
import { BIG, type Node, Page } from './tree-page.ts';

export interface Visitor {
  /** Called for each damaged part, named for people; the walk skips it, unless it knows what stood there. */
  damaged(what: string, isSkipped: boolean): void;
  /** Called for each row of a database; `value` reads its value, undefined if that cannot be read. */
  row?(database: string, root: Root, key: Buffer, value: () => Buffer | undefined): void;
}

const OVERFLOW = 0x04;
const DATABASE = 0x02;
const DEPTH_MAX = 32;
const FIRST_PAGE = 2;
const MAIN = 'the roots';

interface Place {
  readonly page: number;
  readonly depth: number;
  /** Keys are at or after `from`, and before `to`. */
  readonly from: Buffer | undefined;
  readonly to: Buffer | undefined;
}

/** Visits all pages; yields before each, so that the caller sets the pace. Throws the file system's errors. */
export function* visitPages(file: TreeFile, head: Head, visitor: Visitor): Generator<undefined, void> {
  yield* new PageWalk(file, head, visitor).all();
}

class PageWalk {
  readonly #file: TreeFile;
  readonly #head: Head;
  readonly #visitor: Visitor;
  readonly #used: Uint8Array;
  /** Holds one leaf after the other, since there may be very many; a visitor of rows may keep what it sees, so it gets a new one each time. */
  readonly #leaf: Buffer | undefined;
  #damages = 0;

  constructor(file: TreeFile, head: Head, visitor: Visitor) {
    this.#file = file;
    this.#head = head;
    this.#visitor = visitor;
    // If the head is damaged, its number of pages may be anything.
    this.#used = new Uint8Array(Math.min(head.lastPage + 1, Math.ceil(file.bytes / head.pageBytes)));
    this.#leaf = visitor.row === undefined ? Buffer.allocUnsafe(head.pageBytes) : undefined;
  }

  *all(): Generator<undefined, void> {
    const roots: { readonly key: Buffer; readonly root: Root }[] = [];
    yield* this.#tree(MAIN, this.#head.main, (page, i) => {
      const { key, flags, value, bytes } = page.node(i);
      const root = flags === DATABASE && bytes === ROOT_BYTES ? rootOf(value) : undefined;
      if (root) roots.push({ key: Buffer.from(key), root });
      else this.#damaged('the root of a database');
    });
    const databases = this.#databases(roots);
    for (const { name, root } of databases)
      yield* this.#tree(name, root, (page, i) => {
        if ((page.flags(i) & ~BIG) !== 0) this.#damaged(`a row of ${name}`);
        else if (this.#visitor.row) {
          const node = page.node(i);
          this.#visitor.row(name, root, node.key, () => this.#valueOf(node));
        }
      });
    const free: (readonly number[])[] = [];
    yield* this.#tree('the free pages', this.#head.free, (page, i) => {
      const node = page.node(i);
      const value = this.#valueOf(node);
      const pages = value && pagesIn(value, this.#head.lastPage);
      const isOfBefore = node.key.length === 8 && numberAt(node.key, 0) <= this.#head.transaction;
      if (pages && isOfBefore) free.push(pages);
      else this.#damaged('the list of free pages');
    });
    for (const pages of free) for (const page of pages) if (!this.#take(page, 1, 'the list of free pages')) return;
  }

  /** The databases by the names that they must have had, whatever became of these. */
  #databases(roots: readonly { readonly key: Buffer; readonly root: Root }[]): { readonly name: string; readonly root: Root }[] {
    const found = roots.map(({ key }) => nameIn(key)).filter((name) => name !== undefined && isDatabaseName(name)) as string[];
    const wrong = misnumbered(new Set(found));
    const names = new Set(found.map((name) => wrong.get(name) ?? name));
    return roots.flatMap(({ key, root }) => {
      const own = nameIn(key) ?? '';
      const name = isDatabaseName(own) ? (wrong.get(own) ?? own) : nameBefore(key, names);
      if (name !== own) {
        const of = name === undefined ? 'a database, unless a newer version made it' : `the database ${name}`;
        this.#damaged(`the name ${JSON.stringify(key.toString('latin1').replace(/\0$/, ''))} of ${of},`, name === undefined);
      }
      if (name === undefined) return [];
      names.add(name);
      const shape = shapeOf(name);
      if (root.hasIntegerKeys !== shape.hasIntegerKeys || root.hasVersions !== shape.hasVersions)
        this.#damaged(`the root of ${name}`, false);
      return [{ name, root: { ...root, ...shape } }];
    });
  }

  *#tree(name: string, root: Root, visit: (page: Page, i: number) => void): Generator<undefined, void> {
    const before = this.#damages;
    const found = { branches: 0, leaves: 0, overflows: 0, entries: 0 };
    const places: Place[] = [];
    if (root.page !== undefined) places.push({ page: root.page, depth: root.depth, from: undefined, to: undefined });
    if (root.depth > DEPTH_MAX) return this.#damaged(`the root of ${name}`);
    for (let place = places.pop(); place; place = places.pop()) {
      yield;
      const { depth, from, to } = place;
      const nodes = this.#nodesAt(name, place, root);
      if (nodes === undefined) continue;
      if (depth > 1) {
        found.branches += 1;
        // The first child has no key of its own: it holds everything before the second.
        for (let i = nodes.length - 1; i >= 0; i -= 1) {
          const [key, next] = [nodes.node(i).key, i + 1 < nodes.length ? nodes.node(i + 1).key : to];
          places.push({ page: nodes.node(i).page, depth: depth - 1, from: i === 0 ? from : key, to: next });
        }
        continue;
      }
      found.leaves += 1;
      found.entries += nodes.length;
      found.overflows += this.#rows(name, nodes, visit);
    }
    const isAll =
      found.branches === root.branches &&
      found.leaves === root.leaves &&
      found.overflows === root.overflows &&
      found.entries === root.entries;
    if (!isAll && this.#damages === before) this.#damaged(`the root of ${name}`);
  }

  /** Undefined, and reported, if it cannot be read or isn't what its parent says. */
  #nodesAt(name: string, place: Place, root: Root): Page | undefined {
    const { page, depth, from, to } = place;
    if (!this.#take(page, 1, name)) return undefined;
    const nodes = this.#pageAt(page, depth);
    if (nodes?.isInOrder(from, to, root.hasIntegerKeys)) return nodes;
    // A root still tells where its database is, whatever became of the name.
    const kept = name === MAIN && depth === 1 ? nodes : undefined;
    this.#damaged(`page ${page}, with ${rangeOf(place, root)} of ${name},`, kept === undefined);
    return kept;
  }

  /** Returns the number of pages that the large values take. */
  #rows(name: string, page: Page, visit: (page: Page, i: number) => void): number {
    let large = 0;
    for (let i = 0; i < page.length; i += 1) {
      if ((page.flags(i) & BIG) !== 0) {
        const node = page.node(i);
        // A large value that was overwritten with a shorter one keeps its pages.
        const pages = Math.max(this.#pagesFor(node.bytes), numberAt(node.value, 16));
        large += pages;
        if (!this.#takeLarge(node, pages, name)) continue;
      }
      visit(page, i);
    }
    return large;
  }

  /** Undefined if it is not a valid page. */
  #pageAt(page: number, depth: number): Page | undefined {
    const { pageBytes, transaction } = this.#head;
    const bytes = this.#file.read(page * pageBytes, pageBytes, depth === 1 ? this.#leaf : undefined);
    if (bytes.length < pageBytes || numberAt(bytes, 0) !== page || numberAt(bytes, 8) > transaction) return undefined;
    return Page.of(bytes, depth === 1);
  }

  #valueOf({ flags, page, bytes, value }: Node): Buffer | undefined {
    if ((flags & BIG) === 0) return value;
    const large = this.#file.read(page * this.#head.pageBytes + PAGE_HEADER_BYTES, bytes);
    return large.length === bytes ? large : undefined;
  }

  #pagesFor(bytes: number): number {
    return Math.ceil((PAGE_HEADER_BYTES + bytes) / this.#head.pageBytes);
  }

  #takeLarge({ page, value }: Node, pages: number, name: string): boolean {
    if (!this.#take(page, pages, name)) return false;
    const header = this.#file.read(page * this.#head.pageBytes, PAGE_HEADER_BYTES);
    const isRight =
      header.length === PAGE_HEADER_BYTES &&
      numberAt(header, 0) === page &&
      numberAt(header, 8) === numberAt(value, 8) &&
      numberAt(header, 8) <= this.#head.transaction &&
      header.readUInt16LE(FLAGS_AT) === OVERFLOW &&
      header.readUInt32LE(20) === pages &&
      numberAt(value, 16) === pages;
    if (!isRight) this.#damaged(`page ${page}, a large value of ${name},`);
    return isRight;
  }

  /** Claims pages; false, and reported, if they are missing or already in use. */
  #take(page: number, pages: number, name: string): boolean {
    const isThere = page >= FIRST_PAGE && page + pages <= this.#used.length && (page + pages) * this.#head.pageBytes <= this.#file.bytes;
    // Free pages may lie beyond the end of the file, if they were never written.
    const isBehind = name === 'the list of free pages' && page >= FIRST_PAGE && page <= this.#head.lastPage && page >= this.#used.length;
    if (isBehind) return true;
    if (!isThere || this.#isUsed(page, pages)) {
      this.#damaged(isThere ? `page ${page}, which is used twice,` : `the file, which is cut off before page ${page} of ${name},`);
      return false;
    }
    this.#used.fill(1, page, page + pages);
    return true;
  }

  #isUsed(page: number, pages: number): boolean {
    return pages === 1 ? this.#used[page] === 1 : this.#used.subarray(page, page + pages).includes(1);
  }

  #damaged(what: string, isSkipped = true): void {
    this.#damages += 1;
    this.#visitor.damaged(what, isSkipped);
  }
}

/** Describes the rows of a page; where keys are integers (ids of sensors), by their range. */
function rangeOf({ from, to }: Place, { hasIntegerKeys }: Root): string {
  if (!hasIntegerKeys) return 'rows';
  const [first = 'the first', last = 'the last'] = [from, to].map((key) => (key?.length === 4 ? String(key.readUInt32LE(0)) : undefined));
  return `rows from ${first} to ${last}`;
}

/**
 * The pages in a free list: its length, then page numbers. A negative entry -n makes the next entry the first of n consecutive pages; 0 is a blank.
 * Undefined if it is not a valid list.
 */
function pagesIn(list: Buffer, lastPage: number): number[] | undefined {
  const length = list.length < 8 ? -1 : numberAt(list, 0);
  if (length < 0 || 8 * (length + 1) > list.length) return undefined;
  const pages: number[] = [];
  let run = 1;
  for (let i = 1; i <= length; i += 1) {
    const entry = Number(list.readBigInt64LE(8 * i));
    if (entry === 0) continue;
    if (entry < 0) {
      if (run > 1 || entry < -lastPage) return undefined;
      run = -entry;
      continue;
    }
    if (entry < FIRST_PAGE || entry + run > lastPage + 1) return undefined;
    for (let page = entry; page < entry + run; page += 1) pages.push(page);
    run = 1;
  }
  return run === 1 ? pages : undefined;
}
