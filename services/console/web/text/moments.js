const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const second = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** A moment in the reader's zone, as long as needed beside others of its day: `15:21:56`, else with the date. @param {string} iso */
export function shortMoment(iso) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return today ? second.format(date) : `${day.format(date)} ${time.format(date)}`;
}

/** Start of a slot on an axis. @param {number} seconds @param {number} stepSeconds @param {number} spanSeconds */
export function slotLabel(seconds, stepSeconds, spanSeconds) {
  const date = new Date(seconds * 1000);
  if (stepSeconds >= 86_400 || spanSeconds > 3 * 86_400) return day.format(date);
  return spanSeconds < 1800 ? second.format(date) : time.format(date);
}

/** Both ends of a slot. @param {number} seconds @param {number} stepSeconds */
export function slotSpan(seconds, stepSeconds) {
  const from = new Date(seconds * 1000);
  const to = new Date((seconds + stepSeconds) * 1000);
  const clock = stepSeconds < 60 ? second : time;
  const end = from.toDateString() === to.toDateString() ? clock.format(to) : `${day.format(to)} ${clock.format(to)}`;
  return `${day.format(from)} ${clock.format(from)} – ${end}`;
}

/** With every digit and the zone. @param {string} iso */
export function longMoment(iso) {
  const date = new Date(iso);
  return `${iso.replace('T', ' ').replace('Z', ' UTC')} (${day.format(date)} ${second.format(date)} here)`;
}
