import * as v from 'valibot';
import { expecting, objectMessage, text } from './config-value.ts';
import { line, SLUG } from './wire.ts';

// A hardware profile: what the control and the image must know of a kind of board. The file is
// hardware/<slug>/profile.json.

export const ARCHITECTURES = ['aarch64', 'x86_64', 'any'] as const;

/**
 * Where a board has its MAC from: its network interface, as it was made, or, where the factory gave
 * it none, the serial number of its SD card.
 */
export const MAC_SOURCES = ['nic', 'sd-serial'] as const;

export const HARDWARE_PROFILE = v.strictObject(
  {
    schema: v.literal(1, expecting('1')),
    slug: SLUG,
    name: line('a name', 64),
    architecture: v.picklist(ARCHITECTURES, expecting(ARCHITECTURES.join(', '))),
    /** The network interface whose MAC the board is registered by; null for its first one. */
    interface: v.nullable(
      text('an interface name of 1 to 15 characters', /^[A-Za-z0-9._-]{1,15}$/, 15),
    ),
    mac: v.optional(v.picklist(MAC_SOURCES, expecting(MAC_SOURCES.join(' or '))), 'nic'),
    /** What `model` of an enrolment says on such a board, where that is known. */
    models: v.pipe(v.array(line('a model', 64)), v.maxLength(16)),
    note: line('a note', 500),
  },
  objectMessage('a hardware profile'),
);

export type HardwareProfile = v.InferOutput<typeof HARDWARE_PROFILE>;
