// What boards call: a nonce, enrolment, their configuration, their report. The key says which probe
// asks; no route of these takes a name.

import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { CHALLENGE, ENROLL_REQUEST, ENROLLED } from '../../core/enroll-wire.ts';
import { ProbeError } from '../../core/error.ts';
import { REPORT, REPORT_ANSWER, REPORT_BYTES_MAX } from '../../core/report.ts';
import { PROBLEM } from '../../core/wire.ts';
import { documentOf } from '../fleet/compose.ts';
import type { AddRoutes, ControlContext } from '../request/context.ts';
import { isPrivate } from '../request/origin.ts';
import { throttled } from '../request/problem.ts';
import { createBuckets, throttleOf } from '../request/rate-limit.ts';
import { challenge, enroll } from './enroll.ts';
import { REFUSED, untilRefusal } from './refusal.ts';
import { acceptReport } from './report.ts';
import { matchesTag } from './routes-probe-etag.ts';

export const addProbeRoutes: AddRoutes = (server, context) => {
  addEnrollment(server, context);
  addOwn(server, context);
};

const TAGS = ['probes'];
const NOTHING = v.strictObject({});
const DOCUMENT = v.record(v.string(), v.unknown());
/** A key and a payload of 8 KiB, with room. */
const ENROLL_BYTES_MAX = 16_384;

const addEnrollment: AddRoutes = (server, context) => {
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    if (isPrivate(context, request)) return;
    throw new ProbeError('ERR_FORBIDDEN', 'boards enrol over https only: keys are given out here');
  };
  server.route({
    method: 'POST',
    url: '/api/v1/enroll/challenge',
    config: { access: 'public' },
    schema: {
      body: NOTHING,
      response: { 200: CHALLENGE },
      summary: 'A nonce to enrol with, good for five minutes and one use',
      tags: TAGS,
    },
    onRequest,
    handler: async () => challenge(context),
  });
  server.route({
    method: 'POST',
    url: '/api/v1/enroll',
    config: { access: 'public' },
    bodyLimit: ENROLL_BYTES_MAX,
    schema: {
      body: ENROLL_REQUEST,
      response: { 200: ENROLLED, 403: PROBLEM },
      summary: 'Enrols a board, or refuses it without a reason',
      tags: TAGS,
    },
    onRequest,
    handler: async (request, reply) => {
      const outcome = await enroll(context, request.body, request.ip);
      return outcome.ok ? outcome.enrolled : await refuse(context, request, reply);
    },
  });
};

// A network that fails too often is told so, whatever the cause was; what is good passes before.
async function refuse(
  context: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<typeof REFUSED> {
  await untilRefusal(performance.now() - reply.elapsedTime);
  throttleOf(context).check(request.ip);
  throttleOf(context).failed(request.ip);
  reply.code(403);
  return REFUSED;
}

const addOwn: AddRoutes = (server, context) => {
  const onRequest = ownPace(context);
  server.route({
    method: 'GET',
    url: '/api/v1/config',
    config: { access: 'probe' },
    schema: {
      response: { 200: DOCUMENT, 304: v.null() },
      summary: 'The configuration of the probe that asks; answers If-None-Match',
      tags: TAGS,
    },
    onRequest,
    handler: async (request, reply) => {
      const { text, etag } = await documentOf(context, ownId(request));
      reply.headers({ etag, 'cache-control': 'private, no-cache' });
      if (matchesTag(request.headers['if-none-match'], etag)) return reply.code(304).send(null);
      return reply.type('application/json').send(text as never);
    },
  });
  server.route({
    method: 'POST',
    url: '/api/v1/report',
    config: { access: 'probe' },
    bodyLimit: REPORT_BYTES_MAX,
    schema: {
      body: REPORT,
      response: { 200: REPORT_ANSWER },
      summary: 'Takes the report of the probe that asks; says which configuration it should run',
      tags: TAGS,
    },
    onRequest,
    handler: async (request) => {
      const id = ownId(request);
      const keySha256 = request.probe?.keySha256 ?? '';
      await acceptReport(context, { id, keySha256, from: request.ip }, request.body);
      const { etag } = await documentOf(context, id);
      return { nowMs: context.nowMs(), configEtag: etag };
    },
  });
};

// A probe that floods is slowed down before its body is read, and nobody else is.
const PACE = { burst: 30, refillMs: 5_000, entriesMax: 50_000 } as const;

function ownPace(context: ControlContext): (request: FastifyRequest) => Promise<void> {
  const buckets = createBuckets({ ...PACE, nowMs: context.nowMs });
  return async (request) => {
    const key = String(ownId(request));
    const waitMs = buckets.waitMs(key);
    buckets.take(key);
    if (waitMs === 0) return;
    const seconds = Math.ceil(waitMs / 1000);
    throw throttled(`this probe asks too often; wait ${seconds} s`, seconds);
  };
}

function ownId({ probe }: FastifyRequest): number {
  if (probe === null) throw new ProbeError('ERR_UNAUTHORIZED', 'this is for probes');
  return probe.id;
}
