// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Doctor;

/// <summary>How a check has ended.</summary>
internal enum Verdict
{
    /// <summary>Nothing is to be done.</summary>
    Ok,

    /// <summary>Something works less well, or not where it is asked for.</summary>
    Warning,

    /// <summary>The switchboard cannot be used.</summary>
    Problem,
}
