import { describe, expect, it } from "vitest";
import { ApiError, type Client } from "../src/api/client";
import { NotLoggedIn, Session } from "../src/session/session";

/** A service with a password, as far as the session asks it. */
class Service {
  inside = false;
  readonly asked: string[] = [];

  async get(path: string): Promise<unknown> {
    this.asked.push(`GET ${path}`);
    const scopes = this.inside ? ["read", "control"] : ["read"];
    return { scopes, login: "password", password_set: true };
  }

  async send(method: string, path: string, body?: unknown): Promise<unknown> {
    this.asked.push(`${method} ${path}`);
    if (path === "session" && (body as { password: string }).password !== "right")
      throw new ApiError(path, 401, "wrong-password");
    if (path === "session") this.inside = true;
    if (!this.inside) throw new ApiError(path, 401, "login-needed");
    return "done";
  }
}

const asking = async (session: Session) => {
  while (session.asking.peek() === undefined) await Promise.resolve();
};

describe("what needs control", () => {
  it("is asked for a login in place, and then goes on by itself", async () => {
    const service = new Service();
    const session = new Session(service as unknown as Client);
    const done = session.control(() => service.send("PUT", "contracts"));
    await asking(session);
    await expect(session.login("wrong")).rejects.toBeInstanceOf(ApiError);
    expect(session.asking.peek()).toBeDefined();
    await session.login("right");
    expect(await done).toBe("done");
    expect(session.asking.peek()).toBeUndefined();
    expect(session.controls).toBe(true);
  });

  it("is given up where somebody closes the login", async () => {
    const service = new Service();
    const session = new Session(service as unknown as Client);
    const done = session.control(() => service.send("PUT", "contracts"));
    await asking(session);
    session.cancel();
    await expect(done).rejects.toBeInstanceOf(NotLoggedIn);
  });

  it("passes every other trouble on", async () => {
    const session = new Session(new Service() as unknown as Client);
    const trouble = new ApiError("x", 422, "invalid-request", "no");
    await expect(session.control(() => Promise.reject(trouble))).rejects.toBe(trouble);
  });
});
