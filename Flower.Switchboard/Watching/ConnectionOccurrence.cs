// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using RevocableConnection = Flower.Switchboard.Sessions.RevocableConnection;

namespace Flower.Switchboard.Watching;

/// <summary>A revocable connection was taken back.</summary>
internal sealed class ConnectionOccurrence(Event told, RevocableConnection connection) : Occurrence(told)
{
    /// <inheritdoc/>
    public override bool IsVisibleTo(Viewer viewer) => viewer.Covers(connection);
}
