// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>A call that asks for a connection.</summary>
internal interface IConnectCall
{
    /// <summary>Who calls.</summary>
    Peer Peer { get; }

    /// <summary>It has had its status, or its caller has gone.</summary>
    bool HasEnded { get; }

    /// <summary>The name of the target; or what a resolver translates: "host=1".</summary>
    string Wanted { get; }

    /// <summary>Its place among all that were ever sent.</summary>
    ulong Number { get; }

    /// <summary>What comes of it can be taken back.</summary>
    bool IsRevocable { get; }

    /// <summary>It waits for a target.</summary>
    bool Waits { get; }

    /// <summary>How often everything had come to rest when it was sent.</summary>
    long SentAt { get; }

    /// <summary>The rest at which it was first seen to wait; 0: none.</summary>
    long WaitsSince { get; set; }
}
