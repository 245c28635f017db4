import { signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { ApiError, type Client } from "../api/client";

/** Who one is to the service: `setup` is a service without a password yet. */
export interface Identity {
  scopes: readonly ("read" | "control")[];
  name?: string;
  login: "open" | "password" | "setup";
  password_set: boolean;
}

const NOBODY: Identity = { scopes: ["read"], login: "open", password_set: false };

/** Somebody closed the login dialog. */
export class NotLoggedIn extends Error {}

interface Asking {
  granted(): void;
  refused(error: NotLoggedIn): void;
}

/** The login: asked for in place when something needs it, and then that goes on. */
export class Session {
  readonly identity = signal<Identity>(NOBODY);
  /** Set as long as the login dialog is open. */
  readonly asking = signal<Asking | undefined>(undefined);

  constructor(private readonly client: Client) {}

  get controls(): boolean {
    return this.identity.value.scopes.includes("control");
  }

  /** Ask the service who one is; a service without logins lets everybody read. */
  async load(): Promise<void> {
    try {
      this.identity.value = (await this.client.get("session")) as Identity;
    } catch {
      // Who one was stays; a change asks for the login when the service wants it.
    }
  }

  async login(password: string): Promise<void> {
    await this.client.send("POST", "session", { password });
    await this.entered();
  }

  /** Choose the password: with the setup code the first time, with the current one later. */
  async setPassword(wanted: { password: string; current?: string; setup_code?: string }): Promise<void> {
    await this.client.send("POST", "password", wanted);
    await this.entered();
  }

  async logout(): Promise<void> {
    await this.client.send("DELETE", "session");
    await this.load();
  }

  /** Do what needs control; where one may not yet, ask for the login and do it then. Raises NotLoggedIn. */
  async control<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
    }
    await this.enter();
    return action();
  }

  /** Ask for the login now. Raises NotLoggedIn. */
  async enter(): Promise<void> {
    await this.load();
    await this.ask();
  }

  /** Close the dialog without a login. */
  cancel(): void {
    this.asking.peek()?.refused(new NotLoggedIn());
    this.asking.value = undefined;
  }

  private async entered(): Promise<void> {
    await this.load();
    this.asking.peek()?.granted();
    this.asking.value = undefined;
  }

  private ask(): Promise<void> {
    this.asking.peek()?.refused(new NotLoggedIn());
    return new Promise((granted, refused) => {
      this.asking.value = { granted, refused };
    });
  }
}

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session of the page that a part stands in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("a part outside the shell has no session");
  return session;
}
