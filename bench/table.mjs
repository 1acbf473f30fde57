/** From samples to Markdown; pure. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Wall, CPU and server seconds as medians, with the spread of the wall time and the highest memory. */
export function summarize(samples) {
  const of = (field) => samples.map((sample) => sample[field]);
  return {
    runs: samples.length,
    wall: median(of('wall')),
    wallMin: Math.min(...of('wall')),
    wallMax: Math.max(...of('wall')),
    cpu: median(of('cpu')),
    rssMiB: Math.max(...of('rssMiB')),
    server: median(of('server')),
    foreign: median(of('foreign')),
  };
}

/**
 * One table a group. `peers` name the rows that the others are divided by; those that were not measured are left out.
 */
export function renderTables(samples, peers) {
  const groups = Map.groupBy
    ? Map.groupBy(samples, ([each]) => each.group)
    : [...samples].reduce(
        (all, one) => all.set(one[0].group, [...(all.get(one[0].group) ?? []), one]),
        new Map(),
      );
  return [...groups].map(([group, rows]) => renderTable(group, rows, peers)).join('\n\n');
}

function renderTable(group, rows, peers) {
  const summaries = rows.map(([{ name }, samples]) => ({
    name,
    ...(samples.length ? summarize(samples) : { runs: 0 }),
  }));
  const bases = peers.flatMap((peer) => summaries.filter(({ name, runs }) => name === peer && runs > 0));
  const head = ['client', 'wall s', 'min–max', 'CPU s', 'MiB', 'server CPU', 'foreign CPU'];
  const lines = [
    [...head, ...bases.map(({ name }) => `wall / CPU × ${name}`)],
    [...head, ...bases].map((_, column) => (column === 0 ? '---' : '--:')),
    ...summaries.map((row) => renderRow(row, bases)),
  ];
  return `**${group}**\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`;
}

function renderRow(row, bases) {
  if (row.runs === 0) return [row.name, 'failed', '', '', '', '', '', ...bases.map(() => '')];
  const seconds = (value) => value.toFixed(2);
  return [
    row.name,
    seconds(row.wall),
    `${seconds(row.wallMin)}–${seconds(row.wallMax)}`,
    seconds(row.cpu),
    row.rssMiB.toFixed(0),
    seconds(row.server),
    seconds(row.foreign),
    ...bases.map((base) => `${seconds(row.wall / base.wall)} / ${seconds(row.cpu / base.cpu)}`),
  ];
}
