// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>Two values of one key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Requested">Its value in the request.</param>
/// <param name="Registered">Its value in the labels of the target.</param>
public readonly record struct LabelContradiction(string Key, string Requested, string Registered);
