// Loaded before anything else, so plain JavaScript: says what to do on a Node that the code can't run on.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Tocsin needs Node 20.19 or newer, this is ${process.versions.node}. Install a newer one and try again.\n`);
  process.exit(1);
}
