import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { expect, it } from "vitest";
import { fileTrouble } from "../../../src/store/embedded/file-trouble.ts";
import { temporaryFolder } from "../../support/program.ts";

const thrownBy = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(() => undefined, (error: unknown) => error);

it("a full disk is reported with path, owner and the command that shows it", async () => {
  const folder = await temporaryFolder();
  // Linux's device that is always full.
  const full = await thrownBy(writeFile("/dev/full", "text"));
  const error = await fileTrouble(folder, full);
  expect(error).toMatchObject({ code: "data_directory_unusable" });
  expect(error.message).toContain(`the disk that holds ${folder}, which belongs to `);
  expect(error.message).toContain(`(uid ${process.getuid?.()}), is full: "df -h ${folder}"`);
  expect(error.message).toContain(`"cp -a ${folder} /larger/disk/data"`);
});

it("a file in place of a folder is reported with path, owner and cure", async () => {
  const folder = join(await temporaryFolder(), "it's here");
  await mkdir(folder);
  const file = join(folder, "file");
  await writeFile(file, "");
  const error = await fileTrouble(
    join(file, "data"),
    await thrownBy(readFile(join(file, "data"))),
  );
  expect(error.message).toContain(`${file}, which belongs to `);
  expect(error.message).toContain("is not a folder: set DATA_DIR to another folder");
  expect(error.message).toContain(`'${folder.replace("'", "'\\''")}/file'`);
});
