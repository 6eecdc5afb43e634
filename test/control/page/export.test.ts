import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { exportPages, relink } from '../../../src/control/page/export.ts';
import { suite } from '../../helper.ts';
import { add, inLab, macOf, refused, say } from '../fleet-lab.ts';
import { reportOf } from '../report-lab.ts';

const SECRETS = /02:00|Hidden Street|Ms\. Host|a note|192\.168\.|10\.0\.0\.1/;

suite('control/page/export', (s) => {
  s.test('a copy links to itself alone, changes nothing and holds nothing private', async () => {
    await inLab(async ({ context, stateDirectory }) => {
      for (let index = 0; index < 102; index++) {
        await add(context, {
          ...{ mac: macOf(index), name: `p${index}`, location: 'Hidden Street 5' },
          ...{ contact: 'Ms. Host', note: 'a note' },
        });
      }
      const path = {
        ...{ target: 'a', host: 'a.example', family: 'v4' as const, ip: '192.168.0.9' },
        ...{ protocol: 'icmp' as const, state: 'tracing' as const, sinceMs: null },
        hops: ['10.0.0.1', '203.0.113.1'],
      };
      await say(context, 'p1', reportOf({ paths: [path] }));
      const target = join(stateDirectory, 'copy');
      is(await exportPages(context, target, { isPrivate: false }), 1 + 2 + 102);
      const files = ['index.html', 'probes.html', 'probes-2.html', 'probes/p1.html'];
      for (const file of files) {
        const text = readFileSync(join(target, file), 'utf8');
        not.match(text, SECRETS, file);
        not.match(text, /<form|<button|href="\/|refresh/i, file);
        for (const [, link = ''] of text.matchAll(/(?:href)="([^"#]+)"/g)) {
          if (link.startsWith('data:')) continue;
          ok(existsSync(join(target, file, '..', link)), `${file}: ${link}`);
        }
      }
      match(readFileSync(join(target, 'probes/p1.html'), 'utf8'), /203\.0\.113\.1/);
      await exportPages(context, target, { isPrivate: true });
      match(readFileSync(join(target, 'probes/p1.html'), 'utf8'), /Hidden Street 5/);
      equal(
        readdirSync(stateDirectory).filter((name) => name.startsWith('copy')),
        ['copy'],
      );
    });
  });

  s.test('what is no export is left alone', async () => {
    await inLab(async ({ context, stateDirectory }) => {
      const target = join(stateDirectory, 'home');
      mkdirSync(target);
      writeFileSync(join(target, 'thesis.txt'), 'all of it');
      await refused(
        exportPages(context, target, { isPrivate: false }),
        'ERR_CONFLICT',
        /holds files that are not of an export/,
      );
      equal(readdirSync(target), ['thesis.txt']);
    });
  });

  s.test('links become relative, and those that lead out of the copy lead nowhere', () => {
    const files = new Map([
      ['/', 'index.html'],
      ['/probes?offset=100&a=b', 'probes-2.html'],
    ]);
    const text =
      '<a href="/">x</a><a href="/probes?offset=100&amp;a=b#top">y</a><a href="/audit">z</a>';
    is(
      relink(text, files, 1),
      '<a href="../index.html">x</a><a href="../probes-2.html">y</a><a>z</a>',
    );
  });
});
