// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Egress.Dialing;

/// <summary>Decides where a client is connected to.</summary>
internal abstract class Destinations
{
    /// <summary>Where to; the caller owns it.</summary>
    /// <exception cref="DialException">The labels do not say it, or it is not allowed.</exception>
    public abstract DialTarget Open(ConnectionLabels labels);
}
