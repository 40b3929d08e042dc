// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Protocol;

/// <summary>Why a target does not match a request, in words.</summary>
public static class MissText
{
    /// <summary>One text for each reason; not yet safe to print.</summary>
    /// <param name="contradictions">Keys with the values that are requested and registered.</param>
    /// <param name="missing">Keys that the target requires and the request does not state.</param>
    /// <param name="unmet">Keys that the request requires and the target does not state.</param>
    public static IEnumerable<string> Of(
        IEnumerable<(string Key, string Requested, string Registered)> contradictions,
        IEnumerable<string> missing,
        IEnumerable<string> unmet) =>
        contradictions.Select(c => $"{c.Key} is '{c.Registered}', not '{c.Requested}'")
            .Concat(missing.Select(key => $"it requires {key}"))
            .Concat(unmet.Select(key => $"it states no {key}, which +{key} requires"));
}
