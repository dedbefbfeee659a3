// Reading something for a page: what came, or why it did not.
import { useCallback, useEffect, useState } from "preact/hooks";
import { get, Refused, Unreached } from "./api";
import { reached } from "./state";

export interface Loaded<T> {
  data: T | null;
  refused: Refused | null;
  again: () => void;
}

export function useLoad<T>(path: string | null): Loaded<T> {
  const [state, set] = useState<{ path: string | null; data: T | null; refused: Refused | null }>(
    { path, data: null, refused: null });
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    let gone = false;
    if (path === null) return undefined;
    get<T>(path).then((data) => { if (!gone) set({ path, data, refused: null }); })
      .catch((e: unknown) => {
        if (e instanceof Unreached) reached.set(false);
        if (!gone && e instanceof Refused) set({ path, data: null, refused: e });
      });
    return () => { gone = true; };
  }, [path, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  return state.path === path
    ? { data: state.data, refused: state.refused, again }
    : { data: null, refused: null, again };
}
