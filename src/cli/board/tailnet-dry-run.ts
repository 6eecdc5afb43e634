import { fixedAddressOf, wantedPrefs } from '../../board/mesh/tailnet-act.ts';
import { addressWords } from '../../board/mesh/tailnet-address.ts';
import { loadKept } from '../../board/mesh/tailnet-kept.ts';
import { TAILNET_TIMING, type TailnetOptions } from '../../board/mesh/tailnet-machine.ts';
import type { TailnetAction } from '../../board/mesh/tailnet-plan.ts';
import { setWords, upWords } from '../../board/mesh/tailscale-client.ts';

// What `join` and `leave` would run and write, as one would type it.

/** The lines of a join; `action` is null when tailscaled does not say how it stands. */
export function joinLines(options: TailnetOptions, action: TailnetAction | null): string[] {
  const { settings, places } = options;
  const address = fixedAddressOf(options);
  return [
    ...(loadKept(places).isLeft ? [`write ${places.state}/tailnet.json`] : []),
    ...commandLines(options, action),
    ...(address === null
      ? []
      : [
          `ip ${addressWords('add', settings.interface, address).join(' ')}` +
            '  # unless it is there; again whenever tailscaled starts',
          `write ${places.state}/tailnet.json  # which address that was`,
        ]),
  ];
}

export function leaveLines(options: TailnetOptions): string[] {
  const { settings, places } = options;
  const { applied } = loadKept(places);
  const address = applied?.address ?? fixedAddressOf(options);
  const device = applied?.device ?? settings.interface;
  const remove = address === null ? [] : [`ip ${addressWords('del', device, address).join(' ')}`];
  return [`write ${places.state}/tailnet.json`, ...remove, `${program(settings)} logout`];
}

function commandLines(options: TailnetOptions, action: TailnetAction | null): string[] {
  const { settings, places } = options;
  const prefs = wantedPrefs(options);
  const name = program(settings);
  const keyFile = `${places.state}/key-PID`;
  const words = (keyed: boolean, isReauth: boolean): string =>
    upWords({
      ...{ prefs, isReauth },
      keyFile: keyed ? keyFile : null,
      timeoutMs: keyed ? TAILNET_TIMING.joinMs : TAILNET_TIMING.upMs,
    }).join(' ');
  const join = (isReauth: boolean): string[] => [
    `write ${keyFile}  # the key, for root alone; removed afterwards`,
    `${name} ${words(true, isReauth)}`,
  ];
  switch (action?.do) {
    case undefined:
      return [
        '# tailscaled does not answer; as soon as it does and wants a login:',
        ...join(false),
      ];
    case 'find-key':
    case 'join':
    case 'need-key':
      return join(action.do === 'join' && action.isReauth);
    case 'up':
      return [`${name} ${words(false, false)}`];
    case 'set':
      return [`${name} ${setWords(prefs).join(' ')}  # ${action.why}`];
    default:
      return ['# tailscaled is as it should be'];
  }
}

function program({ program: file, socket }: TailnetOptions['settings']): string {
  return `${file ?? 'tailscale'}${socket === undefined ? '' : ` --socket=${socket}`}`;
}
