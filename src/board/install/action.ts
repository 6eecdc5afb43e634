// What an installation consists of, as data: it is decided, printed, and only then done.

export type Action =
  /** The whole program, beside the older ones. */
  | { kind: 'program'; path: string; files: number; bytes: number }
  | { kind: 'directory'; path: string; mode: number; user: string; group: string }
  | { kind: 'file'; path: string; text: string; mode: number }
  | { kind: 'link'; path: string; target: string }
  /** A file, a link or a whole directory. */
  | { kind: 'remove'; path: string }
  | { kind: 'run'; words: readonly string[]; mayFail?: boolean };

/** One line for people, of what would be or is done. */
export function actionLine(action: Action): string {
  switch (action.kind) {
    case 'program':
      return `copy   ${action.files} files, ${mebibytes(action.bytes)}, to ${action.path}`;
    case 'directory':
      return `make   ${action.path} (${modeText(action.mode)} ${action.user}:${action.group})`;
    case 'file':
      return `write  ${action.path} (${modeText(action.mode)})`;
    case 'link':
      return `link   ${action.path} -> ${action.target}`;
    case 'remove':
      return `remove ${action.path}`;
    case 'run':
      return `run    ${action.words.join(' ')}`;
  }
}

/** As JSON tells it: without the texts of files, which may hold a secret. */
export function actionFacts(action: Action): Record<string, unknown> {
  if (action.kind !== 'file') return { ...action };
  return { kind: action.kind, path: action.path, mode: modeText(action.mode) };
}

function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function mebibytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
