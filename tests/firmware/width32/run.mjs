// Runs main.py on MicroPython with 32-bit objects: node run.mjs FOLDER, whose files are the chip's.
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";
import { readdirSync, readFileSync } from "node:fs";

const folder = process.argv[2];
const chip = await loadMicroPython({ heapsize: 512 * 1024, stdout: (line) => console.log(line) });
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath ?? entry.path}/${entry.name}`;
    const place = path.slice(folder.length);
    if (entry.isDirectory()) chip.FS.mkdir(place);
    else chip.FS.writeFile(place, readFileSync(path));
}
const live = () => {
    chip.runPython("gc.collect()"); // it collects only when no code runs
    chip.runPython("live = gc.mem_alloc()");
    return chip.globals.get("live");
};
chip.runPython(readFileSync(`${folder}/names.py`, "utf8"));
chip.runPython("micropython.qstr_info()");
const before = live();
try {
    chip.runPython(readFileSync(`${folder}/main.py`, "utf8"));
} catch (error) {
    if (!String(error).includes("SystemExit")) throw error;
}
const held = live() - before;
chip.runPython("micropython.qstr_info()");
console.log(held);
