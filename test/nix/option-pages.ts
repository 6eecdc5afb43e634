// Writes the pages of options in docs/ anew, from the modules.
// Usage: NIXPKGS_LIB=… FLINT_NIX_EVAL=… node --import tsx test/nix/option-pages.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingEvaluation, optionPages, ROOT } from './lab.ts';

const missing = missingEvaluation();
if (missing !== null) throw new Error(missing);
for (const [file, text] of Object.entries(optionPages())) writeFileSync(join(ROOT, file), text);
