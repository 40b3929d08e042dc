// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>What became of a handle's session, for <see cref="HandleOptions.Observer"/>.</summary>
public enum HandleEvent
{
    /// <summary>The switchboard has gone, and is tried again until it is back or given up.</summary>
    Lost,

    /// <summary>The switchboard is back: what was registered is being registered again.</summary>
    Back,
}
