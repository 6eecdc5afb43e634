const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

// Where the push keeps what must last, and where vmagent finds what it reads.

export interface PushPlaces {
  /** `<run>/push`, of root and the group of vmagent: what vmagent reads. */
  run: string;
  scrape: string;
  bearer: string;
  vmagentEnv: string;
  relayEnv: string;
  /** Of vmagent's page; ours alone. */
  pageKey: string;
  /** `<state>/push/queue`, of vmagent's user: what waits for the server. */
  queue: string;
  /** `<state>/agent`, 0700 of root. */
  own: string;
  /** The bearer that the control gave. */
  givenBearer: string;
  /** When which part of the queue was written. */
  marks: string;
}

export function pushPlaces(stateDirectory: string, runDirectory: string): PushPlaces {
  const run = path.resolve(runDirectory, 'push');
  const own = path.resolve(stateDirectory, 'agent');
  return {
    run,
    scrape: path.join(run, 'scrape.json'),
    bearer: path.join(run, 'bearer'),
    vmagentEnv: path.join(run, 'vmagent.env'),
    relayEnv: path.join(run, 'relay.env'),
    pageKey: path.join(run, 'page-key'),
    queue: path.resolve(stateDirectory, 'push', 'queue'),
    own,
    givenBearer: path.join(own, 'push-bearer'),
    marks: path.join(own, 'push-queue.json'),
  };
}

/** Whether units of systemd run by what lies there: they have their settings from no other file. */
export function hasUnitFiles({ vmagentEnv, relayEnv }: PushPlaces): boolean {
  return [vmagentEnv, relayEnv].some((file) => fs.existsSync(file));
}
