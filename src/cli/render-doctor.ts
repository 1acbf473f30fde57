import type { Area, Finding, Verdict } from '../checks/finding.ts';
import { escapeName, escapeText, renderCount } from './render-text.ts';
import type { Style } from './style.ts';

const WIDTH = 'problem'.length;

/** Findings by what they are about, and a line that sums up. */
export function renderFindings(findings: readonly Finding[], style: Style): string {
  const lines: string[] = [];
  let area: Area | undefined;
  for (const finding of findings) {
    if (finding.area !== area) lines.push(style.bold(finding.area));
    area = finding.area;
    lines.push(...renderFinding(finding, style));
  }
  return `${[...lines, '', renderVerdict(findings, style)].join('\n')}\n`;
}

function renderFinding({ verdict, what, todo }: Finding, style: Style): readonly string[] {
  const [first = '', ...more] = escapeText(what).split('\n');
  const indent = ' '.repeat(WIDTH + 4);
  return [
    `  ${paintOf(verdict, style)(verdict.padEnd(WIDTH))}  ${first}`,
    ...more.map((line) => `${indent}${line}`),
    ...(todo === undefined ? [] : [`${indent}${style.bold('what to do:')} ${escapeName(todo)}`]),
  ];
}

function paintOf(verdict: Verdict, style: Style) {
  if (verdict === 'problem') return style.red;
  if (verdict === 'warning') return style.yellow;
  return verdict === 'ok' ? style.green : style.dim;
}

function renderVerdict(findings: readonly Finding[], style: Style): string {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  const warnings = count('warning');
  const problems = count('problem');
  const besides = warnings === 0 ? '' : `, ${renderCount(warnings, 'warning')}`;
  if (problems > 0) return style.red(`A backup would fail: ${renderCount(problems, 'problem')}${besides}.`);
  return `${style.green('A backup would work')}${besides}.`;
}

/** As docs/json.md has it. */
export function doctorJson(store: string | undefined, findings: readonly Finding[]): object {
  return {
    store: store ?? null,
    works: !findings.some(({ verdict }) => verdict === 'problem'),
    findings: findings.map(({ area, verdict, what, todo, code }) => ({
      ...{ area, verdict, what },
      ...{ todo: todo ?? null, code: code ?? null },
    })),
  };
}
