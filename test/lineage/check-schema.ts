/** As much of JSON Schema as `docs/record.schema.json` uses; an unknown keyword is an error, so that none is passed over. */
type Schema = Readonly<Record<string, unknown>>;

/** What is wrong, a path and a reason each; empty when the value is as the schema has it. */
export function checkSchema(schema: Schema, value: unknown, path = '$'): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`${path}: no such keyword here: ${keyword}`);
    return check(rule, value, path, schema);
  });
}

type Check = (rule: unknown, value: unknown, path: string, schema: Schema) => string[];

const nothing: Check = () => [];
const holds = (good: boolean, path: string, what: string) => (good ? [] : [`${path} ${what}`]);

const KEYWORDS: Readonly<Record<string, Check>> = {
  $schema: nothing,
  $id: nothing,
  title: nothing,
  description: nothing,
  type: (rule, value, path) =>
    holds([rule].flat().includes(typeOf(value)), path, `is no ${[rule].flat().join(' or ')}`),
  const: (rule, value, path) => holds(value === rule, path, `is not ${rule}`),
  enum: (rule, value, path) => holds((rule as unknown[]).includes(value), path, 'is none of the values'),
  pattern: (rule, value, path) =>
    holds(typeof value !== 'string' || new RegExp(rule as string, 'u').test(value), path, `is not ${rule}`),
  minimum: (rule, value, path) =>
    holds(typeof value !== 'number' || value >= (rule as number), path, `is less than ${rule}`),
  minLength: (rule, value, path) =>
    holds(typeof value !== 'string' || value.length >= (rule as number), path, 'is too short'),
  required: (rule, value, path) =>
    isObject(value) ? (rule as string[]).flatMap((name) => holds(name in value, path, `lacks ${name}`)) : [],
  properties: (rule, value, path) =>
    isObject(value)
      ? Object.entries(rule as Record<string, Schema>).flatMap(([name, each]) =>
          name in value ? checkSchema(each, value[name], `${path}.${name}`) : [],
        )
      : [],
  additionalProperties: (rule, value, path, { properties = {} }) =>
    rule === false && isObject(value)
      ? Object.keys(value).flatMap((name) => holds(name in (properties as object), path, `has ${name}`))
      : [],
  items: (rule, value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, n) => checkSchema(rule as Schema, item, `${path}[${n}]`))
      : [],
};

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeOf(value) === 'object';
}
