import { keepFile } from './files.ts';
import { inClear } from './in-clear.ts';
import type { Keeper } from './keeper.ts';
import { ForeignPort, requireOwnPort } from './listeners.ts';
import { keepPageKeys } from './page-keys.ts';
import { probeIdentity } from './probe-identity.ts';
import { tellWay } from './push-voice.ts';
import { awaitQuietOf, type Pushing } from './pushing.ts';
import { adoptQueue, boundQueue, openQueue } from './queue.ts';
import { relayEnvironment } from './relay-env.ts';
import { scrapeConfig } from './scrape.ts';
import { vmagentEnvironment, vmagentUrl } from './vmagent-env.ts';

// vmagent and the relay, kept running as the settings and the server want it.

/** vmagent tries again each minute at least. */
const PATIENCE_MS = 180_000;

/** One pass: what they read, the queue, and the two themselves. Throws what is in the way. */
export async function keepRunning(self: Pushing, keeper: Keeper): Promise<void> {
  const { options, owner, isUnit } = self;
  const { settings, places, context } = options;
  const keys = keepPageKeys(places);
  self.keys = keys;
  keepFile(places.scrape, scrapeConfig({ probe: probeIdentity(context), settings, keys }), owner);
  const isRelayed = await chooseWay(self, keeper);
  const { queueBytesMax } = self;
  try {
    for (const port of [settings.port, ...(isRelayed ? [settings.relayPort] : [])]) {
      requireOwnPort(port, owner.uid);
    }
    await keeper.keep({
      vmagent: vmagentEnvironment({ settings, places, queueBytesMax, isRelayed, keys }),
      relay: isRelayed ? relayEnvironment(settings) : null,
    });
  } catch (error) {
    // What runs would speak to whoever sits there.
    if (error instanceof ForeignPort) await keeper.stop();
    throw error;
  }
  if (!self.hasStarted)
    context.log.info(`pushing to ${new URL(settings.url).origin}`, { unit: isUnit });
  const clear = inClear(settings.url);
  if (clear !== null) context.voice.trouble('push in clear', clear);
  self.hasStarted = true;
}

/** Whether vmagent goes through the relay from now on. */
async function chooseWay(self: Pushing, keeper: Keeper): Promise<boolean> {
  const wanted = self.watch.isRelayed();
  if (wanted || self.isRelayed !== true) self.directSinceMs = null;
  if (wanted === self.isRelayed) return wanted;
  const isStuck = keeper.state().fault !== null;
  if (!wanted && self.isRelayed === true && !isStuck && !isFlowing(self)) return true;
  await changeWay(self, keeper, wanted);
  return wanted;
}

// Into the relay at once, since a server may answer such that blocks are thrown away. Out of it
// while samples flow: a request that hangs holds up the end of vmagent for seconds, and scrapes
// with it.
function isFlowing(self: Pushing): boolean {
  const now = performance.now();
  self.directSinceMs ??= now;
  if (now - self.directSinceMs > PATIENCE_MS) return true;
  return now - self.acceptedAtMs < self.options.settings.interval * 2;
}

async function changeWay(self: Pushing, keeper: Keeper, isRelayed: boolean): Promise<void> {
  // A unit's keeper knows by itself whether one runs.
  if (!isRelayed && !self.isUnit && self.isRelayed !== null) await awaitQuietOf(self.options);
  await prepareQueue(self, keeper, isRelayed);
  tellWay(self, isRelayed);
  self.isRelayed = isRelayed;
}

// Only while nobody uses it; that of a unit is out of our reach.
async function prepareQueue(self: Pushing, keeper: Keeper, isRelayed: boolean): Promise<void> {
  const { options, owner, isUnit } = self;
  const { settings, places, context } = options;
  if (isUnit) return;
  await keeper.stop();
  openQueue(places.queue, owner);
  const bytes = adoptQueue(places.queue, vmagentUrl(settings.url, isRelayed));
  if (bytes !== null) context.log.info('the queue goes to the new URL', { bytes });
  self.queueBytesMax = boundQueue(settings.queueBytesMax, places.queue);
  if (self.queueBytesMax < settings.queueBytesMax) {
    context.voice.trouble(
      'push disk',
      `the disk has room for a queue of ${self.queueBytesMax} bytes, not of ` +
        `${settings.queueBytesMax}: "queueBytesMax" in the section "push" says how much`,
    );
  }
}
