// Preloaded (node --import) into one worker: after FAULTS_CLOCK_STEP_AFTER_MS its wall clock is FAULTS_CLOCK_STEP_MS off. Only
// what this process is told changes; the machine's clock, and the clock that only goes forward, stay as they are.

const stepMs = Number(process.env.FAULTS_CLOCK_STEP_MS ?? 0);
const afterMs = Number(process.env.FAULTS_CLOCK_STEP_AFTER_MS ?? 0);
const RealDate = Date;
const now = () => RealDate.now() + (performance.now() >= afterMs ? stepMs : 0);

globalThis.Date = class extends RealDate {
  static now() {
    return now();
  }
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
};
