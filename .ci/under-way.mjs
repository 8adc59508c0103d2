// A reporter of vitest: when nothing has ended for a while it says what is under way, so that a run that hangs names its test.
const QUIET_MS = 240_000;
const LOOK_MS = 30_000;

export default class UnderWay {
  #tests = new Map();
  #since = Date.now();
  #timer;

  onTestRunStart() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  onTestModuleStart({ id, relativeModuleId, project }) {
    this.#tests.set(id, `${project.name}: ${relativeModuleId}`);
  }

  onTestModuleEnd({ id }) {
    this.#ended(id);
  }

  onTestCaseReady({ id, fullName, module }) {
    this.#tests.set(id, `${module.relativeModuleId}: ${fullName}`);
  }

  onTestCaseResult({ id }) {
    this.#ended(id);
  }

  onTestRunEnd() {
    clearInterval(this.#timer);
  }

  #ended(id) {
    this.#tests.delete(id);
    this.#since = Date.now();
  }

  #look() {
    if (Date.now() - this.#since < QUIET_MS) return;
    const names = [...this.#tests.values()].map((name) => `\n  ${name}`).join('');
    process.stderr.write(`\nNo test has ended for ${Math.round((Date.now() - this.#since) / 1000)} s; under way are:${names}\n`);
    this.#since = Date.now();
  }
}
