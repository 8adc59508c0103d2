// Loaded before anything else, so plain JavaScript and CommonJS.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Tocsin needs Node 20.19 or newer, this is ${process.versions.node}. Install a newer one and try again.\n`);
  process.exit(1);
}

// Commits of the log run in this pool, and so does each mail that is being written: with the usual four a commit waits behind mails.
process.env.UV_THREADPOOL_SIZE ??= '16';
