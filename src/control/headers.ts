import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ControlContext } from './request/context.ts';
import { isSecure } from './request/origin.ts';

/** No script, no frame, nothing from elsewhere, forms to ourselves alone. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
  "frame-ancestors 'none'; base-uri 'none'";

// The referrer stays among our own pages. Were there none at all, browsers would say "Origin: null"
// of our own forms, and those that know no Sec-Fetch-Site could not be told from others' (Fetch
// standard, "append a request Origin header").
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

/** On every answer; a route that may be kept says so itself with cache-control. */
export function addHeaders(
  context: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.headers(HEADERS);
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  if (isSecure(context, request)) reply.header('strict-transport-security', 'max-age=31536000');
}
