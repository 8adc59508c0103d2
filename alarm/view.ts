/** The buffer that was looked at last, and a view of it: most have many statuses. */
let viewed: Buffer | undefined;
let view: DataView = new DataView(new ArrayBuffer(0));

/** The bytes as a view that reads several at a time. */
export function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}
