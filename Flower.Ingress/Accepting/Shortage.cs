// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Ingress.Accepting;

/// <summary>
/// Says a shortage once per episode. An episode ends when there was none for a second: while it goes on, some attempts
/// succeed and others do not.
/// </summary>
internal sealed class Shortage
{
    private const long QuietMilliseconds = 1000;

    private long? _last;

    /// <summary>Notes that something is short, and tells whether this begins an episode.</summary>
    /// <param name="now">Milliseconds of a steady clock.</param>
    public bool Begins(long now)
    {
        bool begins = _last is not { } last || now - last > QuietMilliseconds;
        _last = now;
        return begins;
    }
}
