// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>A call that asks for a connection.</summary>
internal interface IConnectCall
{
    /// <summary>The name of the target.</summary>
    string Wanted { get; }

    /// <summary>Its place among all that were ever sent.</summary>
    ulong Number { get; }

    /// <summary>It waits for a target.</summary>
    bool Waits { get; }

    /// <summary>How often everything had come to rest when it was sent.</summary>
    long SentAt { get; }

    /// <summary>The rest at which it was first seen to wait; 0: none.</summary>
    long WaitsSince { get; set; }
}
