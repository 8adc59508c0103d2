import { Component, createRef } from 'preact';
import { AuditTable } from './audit-table.tsx';
import { SessionTable } from './session-table.tsx';

interface Props {
  readonly now: number;
  /** Whether the person may read the audit trail. */
  readonly seesAudit: boolean;
  readonly onClose: () => void;
}

/** Who is signed in and, for supervisors, who did and saw what. */
export class PeopleDialog extends Component<Props> {
  readonly #dialog = createRef<HTMLDialogElement>();

  override componentDidMount(): void {
    this.#dialog.current?.showModal();
  }

  override render() {
    const { now, seesAudit, onClose } = this.props;
    return (
      <dialog ref={this.#dialog} class="people" onClose={onClose} aria-labelledby="people-title">
        <h2 id="people-title">Signed in</h2>
        <SessionTable now={now} />
        {seesAudit && <h2 id="audit-title">Audit trail</h2>}
        {seesAudit && <AuditTable now={now} />}
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    );
  }
}
