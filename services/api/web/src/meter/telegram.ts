/** One data line, continuation lines joined: `code(group)(group)…`. */
export interface DataLine {
  kind: "data";
  text: string;
  code: string;
  groups: string[];
}

export type TelegramLine = DataLine | { kind: "head" | "blank" | "end" | "other"; text: string };

/** What the checksum says: as the telegram states it and as it is of the bytes. */
export interface Checksum {
  verdict: "good" | "bad" | "absent";
  stated: string;
  computed: string;
}

export interface Telegram {
  lines: TelegramLine[];
  checksum: Checksum;
}

/** A telegram's bytes taken apart (IEC 62056-21, DSMR 5.0.2 P1 §6.2). */
export function telegramOf(bytes: Uint8Array): Telegram {
  const text = latin1(bytes);
  return {
    lines: joined(text.replace(/\r?\n$/, "").split(/\r?\n/)).map(lineOf),
    checksum: checked(bytes, text),
  };
}

/** CRC-16/ARC: polynomial 0x8005 reflected, starting at zero (DSMR 5.0.2 P1 §6.2). */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function checked(bytes: Uint8Array, text: string): Checksum {
  const end = text.indexOf("\n!") + 1 || text.indexOf("!");
  const computed = crc16(bytes.subarray(0, end + 1))
    .toString(16)
    .toUpperCase()
    .padStart(4, "0");
  const stated = /^[^\r\n]*/.exec(text.slice(end + 1))?.[0].trim() ?? "";
  const good =
    /^[0-9A-F]{1,4}$/i.test(stated) && Number.parseInt(stated, 16) === Number.parseInt(computed, 16);
  return { verdict: stated === "" ? "absent" : good ? "good" : "bad", stated, computed };
}

/** Lines that begin with a parenthesis, or come while one is open, belong to the line before. */
function joined(lines: string[]): string[] {
  const whole: string[] = [];
  for (const line of lines) {
    const last = whole.at(-1);
    if (last !== undefined && (line.startsWith("(") || open(last))) whole[whole.length - 1] = last + line;
    else whole.push(line);
  }
  return whole;
}

function open(line: string): boolean {
  return line.split("(").length > line.split(")").length;
}

function lineOf(text: string): TelegramLine {
  if (text === "") return { kind: "blank", text };
  if (text.startsWith("/")) return { kind: "head", text };
  if (text.startsWith("!")) return { kind: "end", text };
  const found = /^([^()\s]+)(\(.*\))\s*$/.exec(text);
  const [, code, rest] = found ?? [];
  if (code === undefined || rest === undefined) return { kind: "other", text };
  return { kind: "data", text, code, groups: rest.slice(1, -1).split(/\)\s*\(/) };
}
