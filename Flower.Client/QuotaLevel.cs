// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>How much of a quota is used.</summary>
/// <param name="Quota">Its name, as the configuration spells it.</param>
/// <param name="Budget">Whose: "user 1000", "handle 17".</param>
/// <param name="Used">How much.</param>
/// <param name="Limit">The limit.</param>
public readonly record struct QuotaLevel(string Quota, string Budget, long Used, long Limit);
