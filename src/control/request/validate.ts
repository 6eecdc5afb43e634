// Schemas of valibot at the edge of the server: what comes in is judged and filled in by them, and
// what goes out holds only what they name.
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify/types/schema.js';
import * as v from 'valibot';
import { inputInvalid } from './problem.ts';

const ISSUES_MAX = 20;

export const validatorCompiler: FastifySchemaCompiler<v.GenericSchema> = ({ schema, httpPart }) => {
  return (data: unknown) => {
    // No body at all is an empty one: a schema without required keys takes it.
    const given = httpPart === 'body' && (data === undefined || data === null) ? {} : data;
    const parsed = v.safeParse(schema, given);
    if (parsed.success) return { value: parsed.output };
    const issues = parsed.issues.slice(0, ISSUES_MAX).map((issue) => ({
      path: (v.getDotPath(issue) ?? '').slice(0, 500),
      message: issue.message.slice(0, 500),
    }));
    const text = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    return { error: inputInvalid(text.join('; ').slice(0, 2000), issues) };
  };
};

export const serializerCompiler: FastifySerializerCompiler<v.GenericSchema> = ({ schema }) => {
  return (data: unknown) => JSON.stringify(v.parse(schema, data));
};
