// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Quotas;

/// <summary>What a user, or a handle with all that was made from it, may use up to a limit.</summary>
internal enum QuotaKind
{
    /// <summary>Open sessions.</summary>
    Sessions,

    /// <summary>Registered servers, egresses and resolvers.</summary>
    Targets,

    /// <summary>Calls without an answer; registrations are not counted, which are targets.</summary>
    PendingCalls,

    /// <summary>Bytes that wait for sessions which do not read.</summary>
    QueuedBytes,

    /// <summary>Descriptors that were sent to sessions, or wait for them, and were not taken.</summary>
    DescriptorsInFlight,

    /// <summary>
    /// Connects each second, by clients and ingresses, handles that are made, and sessions that are opened by the public path. Calls
    /// that look at the whole board, or change much of it, count as ten.
    /// </summary>
    ConnectsPerSecond,

    /// <summary>Registrations each second; at once, as many as there may be targets.</summary>
    RegistrationsPerSecond,
}
