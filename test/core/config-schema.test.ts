import * as assert from 'uvu/assert';
import { DOCUMENT } from '../../src/core/config-schema.ts';
import { suite } from '../helper.ts';

interface Node {
  type: string;
  entries?: Record<string, Node>;
  item?: Node;
  wrapped?: Node;
  pipe?: readonly { type: string }[];
}

suite('core/config-schema', ({ test }) => {
  test('bounds every string and every array', () => {
    const unbounded = leaves(DOCUMENT, 'document').filter(
      ({ node }) => !node.pipe?.some(({ type }) => type === 'max_length'),
    );

    assert.equal(
      unbounded.map(({ path }) => path),
      [],
    );
  });

  test('has a default for every key but the schema', () => {
    const required = Object.entries(DOCUMENT.entries as Record<string, Node>).filter(
      ([, node]) => node.type !== 'optional',
    );

    assert.equal(
      required.map(([key]) => key),
      ['schema'],
    );
  });

  test('takes only objects of known keys', () => {
    const objects = everyNode(DOCUMENT, 'document').filter(({ node }) => node.type === 'object');

    assert.is(objects.length, 0);
    assert.ok(everyNode(DOCUMENT, 'document').length > 20);
  });
});

function leaves(node: Node, path: string) {
  return everyNode(node, path).filter((each) => ['string', 'array'].includes(each.node.type));
}

function everyNode(node: Node, path: string): { node: Node; path: string }[] {
  const inner = Object.entries(node.entries ?? {});
  for (const part of [node.item, node.wrapped]) if (part) inner.push(['*', part]);
  return [{ node, path }, ...inner.flatMap(([key, part]) => everyNode(part, `${path}.${key}`))];
}
