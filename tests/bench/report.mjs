/** The summaries of a run as a Markdown table and as a plot. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const rounded = (value) => Number(value.toPrecision(3)).toString();

export function markdown(machine, rounds, measured, names) {
  const rows = measured.map(({ workload, contender, unit, median, least, most, oursTimes, quickTimes }) => {
    const isOurs = contender.startsWith('rushlight');
    const [ours, quick] = [oursTimes, quickTimes].map((times) => (isOurs || times === undefined ? '' : `${rounded(times)}×`));
    return `| ${workload} | ${names[contender]} | ${rounded(median)} | ${rounded(least)} to ${rounded(most)} | ${unit} | ${ours} | ${quick} |`;
  });
  return [
    '# Beside the peers',
    '',
    `Written by \`${machine.gpu ? 'GPU=1 ' : ''}cargo xtask bench --peers\` on ${machine.date}: Chromium ${machine.chromium}, ${machine.gpu ? `WebGPU of ${machine.gpu}, ` : ''}${machine.cores} cores of ${machine.cpu},`,
    `one thread each where no number is given, taking turns in one page; medians of ${rounds} rounds after one that is not counted. The last columns are ours over theirs, as it is by default and with \`precision: 'quick'\`: the median of what the rounds say, each of which measures all within seconds.`,
    '',
    '| workload | runtime | median | least to most | unit | ours | quick |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const [width, left, bar, gap, head] = [760, 190, 18, 6, 26];

/** Horizontal bars, one group a workload, each group on a scale of its own. */
export function svg(measured, names) {
  const groups = new Map();
  for (const line of measured) groups.set(line.workload, [...(groups.get(line.workload) ?? []), line]);
  const parts = [];
  let y = 8;
  for (const [workload, lines] of groups) {
    parts.push(`<text x="8" y="${y + 16}" class="h">${workload} (${lines[0].unit})</text>`);
    y += head;
    const most = Math.max(...lines.map(({ median }) => median));
    for (const { contender, median } of lines) {
      const length = Math.max(1, ((width - left - 80) * median) / most);
      parts.push(`<text x="${left - 8}" y="${y + 13}" text-anchor="end">${names[contender]}</text>`);
      parts.push(`<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar}" class="${contender.startsWith('rushlight') ? 'o' : 'p'}"/>`);
      parts.push(`<text x="${(left + length + 6).toFixed(1)}" y="${y + 13}">${rounded(median)}</text>`);
      y += bar + gap;
    }
    y += 10;
  }
  const style =
    'text{font:12px system-ui,sans-serif;fill:#222}.h{font-weight:600}.o{fill:#c2410c}.p{fill:#94a3b8}' +
    '@media(prefers-color-scheme:dark){text{fill:#ddd}.o{fill:#fb923c}.p{fill:#475569}}';
  const title = `<title>${[...groups.keys()].join('; ')}</title>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" role="img">${title}<style>${style}</style>${parts.join('')}</svg>\n`;
}
