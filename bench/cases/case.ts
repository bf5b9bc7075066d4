/** What a case of the bench is. */
import type { CaseResult } from '../result.js';
import type { Stage } from '../stage.js';

export interface Case {
  /** Results have it, or begin with it. */
  readonly id: string;
  /** The same as another with other numbers: passed over where it is only tried that everything works. */
  readonly further?: boolean;
  /** No goal hangs on it: its rounds are half as long, as are those of the further ones. */
  readonly brief?: boolean;
  /** Of accounts, or of what is closed to other users. */
  readonly forRoot?: boolean;
  run(stage: Stage): Promise<readonly CaseResult[]>;
}
