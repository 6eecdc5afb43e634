// Loading the addon, and what goes wrong with it; test/native/ has what it does once it runs.
import { equal, is, match } from 'uvu/assert';
import type { ProbeError } from '../../src/core/error.ts';
import { isAddonBuilt, loadAddon } from '../../src/engine/addon.ts';
import { suite } from '../helper.ts';
import { type Copy, type CopyOptions, openCopy } from '../native/copy.ts';

const missing = isAddonBuilt() ? null : 'build/flint.node is not built';

const PREBUILT = `prebuilds/linux-${process.arch}/flint.node`;

interface NativeModule {
  addonFile(): string;
  isAddonBuilt(): boolean;
  loadAddon(): unknown;
}

/** The addon of a copy, and which file it is. */
async function load(options: Omit<CopyOptions, 'code'>): Promise<[abi: number, file: string]> {
  const copy: Copy = openCopy({ code: 'src', ...options });
  try {
    const native = (await copy.load('engine/addon.ts')) as unknown as NativeModule;
    is(native.isAddonBuilt(), true);
    const { abi } = native.loadAddon() as { abi: number };
    return [abi, native.addonFile()];
  } finally {
    copy.remove();
  }
}

/** A copy has an error class of its own: what counts are its fields. */
async function failure(options: Omit<CopyOptions, 'code'>): Promise<ProbeError> {
  const copy: Copy = openCopy({ code: 'src', ...options });
  try {
    const native = (await copy.load('engine/addon.ts')) as unknown as NativeModule;
    is(native.isAddonBuilt(), options.addon !== 'none');
    native.loadAddon();
  } catch (error) {
    if (error instanceof Error && error.name === 'ProbeError') return error as ProbeError;
    throw error;
  } finally {
    copy.remove();
  }
  throw new Error('the addon was loaded');
}

suite('engine/addon', (s) => {
  s.testIf(missing, 'the addon is loaded once', () => {
    is(loadAddon(), loadAddon());
  });

  s.test('an addon that is not there says how to build it', async () => {
    const { code, message } = await failure({ addon: 'none' });

    is(code, 'ERR_ADDON_MISSING');
    match(message, /^build\/flint\.node cannot be loaded \(.*\): build it with `npm run build`$/);
  });

  s.test('a file that is no addon says so in one line', async () => {
    const { code, message } = await failure({ addon: 'broken' });

    is(code, 'ERR_ADDON_MISSING');
    match(message, /too short|invalid ELF header/);
    is(message.includes('\n'), false);
  });

  s.testIf(missing, 'one that came with the sources is as good', async () => {
    equal(await load({ addon: 'prebuilt' }), [loadAddon().abi, PREBUILT]);
  });

  s.testIf(missing, 'one of another machine does not hide it', async () => {
    equal(await load({ addon: 'foreign' }), [loadAddon().abi, PREBUILT]);
  });

  s.testIf(missing, 'an addon of another version is refused', async () => {
    const { code, message } = await failure({ addon: 'good', abi: 4711 });

    is(code, 'ERR_ABI_MISMATCH');
    match(message, /has ABI \d+, expected 4711: rebuild with `npm run build`$/);
  });
});
